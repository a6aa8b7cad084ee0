//! Looks at the CPU once, for the instruction sets that it has.

#[cfg(target_arch = "aarch64")]
use std::arch::is_aarch64_feature_detected;
use std::sync::OnceLock;

/// An instruction set that has a table of kernels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Isa {
    /// Plain Rust, on every CPU.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// The same with VNNI for vectors of 256 bits, in the encoding of AVX-VNNI or of AVX-512.
    AvxVnni,
    /// The same with AVX-512 (F, BW, DQ, VL) and its VNNI.
    Avx512Vnni,
    /// 64-bit ARM.
    Neon,
    /// The same with the dot products of bytes of ARMv8.2.
    NeonDotprod,
}

impl Isa {
    /// Every instruction set, the best of each processor family last.
    pub const ALL: [Isa; 6] = [
        Isa::Scalar,
        Isa::Avx2,
        Isa::AvxVnni,
        Isa::Avx512Vnni,
        Isa::Neon,
        Isa::NeonDotprod,
    ];

    /// The name that the environment variable `IZWI_ISA` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avxvnni",
            Self::Avx512Vnni => "avx512vnni",
            Self::Neon => "neon",
            Self::NeonDotprod => "neondotprod",
        }
    }

    pub(crate) fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => Self::Avx2.is_available() && crate::x86::avxvnni::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni => false,
            // The kernels take a vector's first lane for the lowest address.
            #[cfg(target_arch = "aarch64")]
            Self::Neon => cfg!(target_endian = "little") && is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDotprod => Self::Neon.is_available() && is_aarch64_feature_detected!("dotprod"),
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon | Self::NeonDotprod => false,
        }
    }
}

/// The instruction sets that this machine can run, the best last.
pub fn available_isas() -> Vec<Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available()).collect()
}

/// The instruction set that [`Kernels::active`](crate::Kernels::active) uses: the best one available, or the one that the
/// environment variable `IZWI_ISA` (a name of [`Isa::name`]) names. A value that is unknown, or that this
/// machine can't run, changes nothing; [`isa_override_note`] then says so. Looked up once.
pub fn active_isa() -> Isa {
    choice().0
}

/// A sentence for the user when `IZWI_ISA` was set and couldn't be followed.
pub fn isa_override_note() -> Option<&'static str> {
    choice().1.as_deref()
}

fn choice() -> &'static (Isa, Option<String>) {
    static CHOICE: OnceLock<(Isa, Option<String>)> = OnceLock::new();
    CHOICE.get_or_init(|| {
        let wanted = std::env::var_os("IZWI_ISA").map(|v| v.to_string_lossy().into_owned());
        choose(wanted.as_deref(), &available_isas())
    })
}

fn choose(wanted: Option<&str>, available: &[Isa]) -> (Isa, Option<String>) {
    let best = *available.last().unwrap_or(&Isa::Scalar);
    let Some(wanted) = wanted.map(str::trim).filter(|w| !w.is_empty()) else {
        return (best, None);
    };
    let named = |isa: &&Isa| isa.name().eq_ignore_ascii_case(wanted);
    if let Some(&isa) = available.iter().find(named) {
        return (isa, None);
    }
    let names: Vec<_> = available.iter().map(|isa| isa.name()).collect();
    let note = format!(
        "IZWI_ISA={wanted} is not available here; using {}. Available: {}.",
        best.name(),
        names.join(", ")
    );
    (best, Some(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn override_names_an_available_set_or_changes_nothing() {
        let both = [Isa::Scalar, Isa::Avx2];
        assert_eq!(choose(None, &both), (Isa::Avx2, None));
        assert_eq!(choose(Some(" "), &both), (Isa::Avx2, None));
        assert_eq!(choose(Some("Scalar"), &both), (Isa::Scalar, None));
        let (isa, note) = choose(Some("avx2"), &[Isa::Scalar]);
        assert_eq!(isa, Isa::Scalar);
        assert!(note.unwrap().contains("IZWI_ISA=avx2"));
        let (isa, note) = choose(Some("mmx"), &both);
        assert_eq!(isa, Isa::Avx2);
        assert!(note.unwrap().contains("scalar, avx2"));
    }
}
