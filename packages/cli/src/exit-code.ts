/** What the process tells its caller. Listed in `izwi --help`. */
export const ExitCode = {
  ok: 0,
  /** The command was understood but could not be done. */
  failure: 1,
  /** The command line (or an environment variable) makes no sense. */
  usage: 2,
  /** The terminal went away (SIGHUP). */
  hangup: 129,
  /** Ctrl+C while a one-shot answer was being written (SIGINT). */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
