//! GPT-2's byte-level alphabet: every byte as one printable character, so that BPE works on text.
//!
//! Printable Latin-1 bytes stand for themselves; the other 68, in order, are the characters from U+0100 on.

const FIRST_STAND_IN: u32 = 0x100;

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF)
}

const CHARS: [char; 256] = {
    let mut chars = ['\0'; 256];
    let mut stand_in = FIRST_STAND_IN;
    let mut byte = 0;
    while byte < 256 {
        if is_printable(byte as u8) {
            chars[byte] = byte as u8 as char;
        } else {
            chars[byte] = match char::from_u32(stand_in) {
                Some(char) => char,
                None => unreachable!(),
            };
            stand_in += 1;
        }
        byte += 1;
    }
    chars
};

const STAND_INS: [u8; 68] = {
    let mut bytes = [0; 68];
    let mut byte = 0;
    while byte < 256 {
        let code = CHARS[byte] as u32;
        if code >= FIRST_STAND_IN {
            bytes[(code - FIRST_STAND_IN) as usize] = byte as u8;
        }
        byte += 1;
    }
    bytes
};

/// The character that stands for a byte.
pub(crate) fn char_of(byte: u8) -> char {
    CHARS[byte as usize]
}

/// The byte that a character stands for; `None` for a character outside the alphabet.
pub(crate) fn byte_of(char: char) -> Option<u8> {
    let code = char as u32;
    if code < FIRST_STAND_IN {
        let byte = code as u8;
        return is_printable(byte).then_some(byte);
    }
    STAND_INS.get((code - FIRST_STAND_IN) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_own_character() {
        for byte in 0..=u8::MAX {
            assert_eq!(byte_of(char_of(byte)), Some(byte));
        }
        assert_eq!(
            [char_of(b' '), char_of(b'\n'), char_of(0xAD), char_of(b'a')],
            ['Ġ', 'Ċ', 'Ń', 'a']
        );
    }

    #[test]
    fn other_characters_stand_for_nothing() {
        for char in [' ', '\n', '\u{AD}', '\u{144}', '語', char::MAX] {
            assert_eq!(byte_of(char), None, "{char:?}");
        }
    }
}
