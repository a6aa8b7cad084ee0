import { IzwiError } from "../../errors.js";
import { statusFailure, type HttpAnswer } from "../download/http.js";

/** What was asked for, for the message. */
export interface HubQuestion {
  endpoint: string;
  repository: string;
  revision: string;
  file?: string | undefined;
  hasToken: boolean;
}

/**
 * What an answer of the hub means. A hub says 401 both for what is missing and for what one may not see; its
 * `X-Error-Code` tells more, where there is one.
 */
export function hubFailure(answer: HttpAnswer, question: HubQuestion): Error {
  const { endpoint, repository, revision, file, hasToken } = question;
  const page = `${endpoint}/${repository}`;
  const hub = new URL(endpoint).host;
  const missing = (message: string) => new IzwiError("MODEL_NOT_FOUND", message);
  const denied = (message: string) => new IzwiError("ACCESS_DENIED", message);
  switch (answer.headers["x-error-code"]) {
    case "GatedRepo":
      return denied(
        hasToken
          ? `${repository} must be asked for: accept its conditions at ${page} with the account of your HF_TOKEN, then pull again.`
          : `${repository} must be asked for: accept its conditions at ${page}, then set HF_TOKEN and pull again.`,
      );
    case "RepoNotFound":
      return missing(noRepository(repository, hub, hasToken));
    case "RevisionNotFound":
      return missing(`${repository} has no revision ${revision}.`);
    case "EntryNotFound":
      return missing(`${repository} has no file ${file ?? ""} in revision ${revision}. ${page} lists its files.`);
    case "DisabledRepo":
      return denied(`${repository} was disabled by ${hub}.`);
  }
  if (answer.status === 401 && hasToken) {
    return denied(`${hub} refuses: HF_TOKEN isn't valid, or ${repository} doesn't exist or is private.`);
  }
  if (answer.status === 401) return missing(noRepository(repository, hub, false));
  if (answer.status === 403) return denied(`${hub} doesn't allow access to ${repository}. ${page} says why.`);
  if (answer.status === 404) {
    return missing(
      `${repository}${file === undefined ? "" : ` with ${file}`} isn't at ${hub}. Check the name at ${page}.`,
    );
  }
  return statusFailure(answer);
}

function noRepository(repository: string, hub: string, hasToken: boolean): string {
  const token = hasToken ? "or your HF_TOKEN may not see it" : "or it is private: then set HF_TOKEN";
  return `${repository} doesn't exist at ${hub}, ${token}.`;
}
