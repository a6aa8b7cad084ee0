import { IzwiError } from "../errors.js";

/** A failure of the file system at `path`, as an error that says what to do. */
export function fromDiskError(error: unknown, path: string): IzwiError {
  if (error instanceof IzwiError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return new IzwiError("DISK_FULL", `The disk is full: ${path} can't be written. Make room and pull again.`, {
        cause: error,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new IzwiError("ACCESS_DENIED", `${path} can't be written (${code}). Choose another models directory.`, {
        cause: error,
      });
    default:
      return new IzwiError("DOWNLOAD_FAILED", `${path} can't be written (${code ?? message}).`, { cause: error });
  }
}
