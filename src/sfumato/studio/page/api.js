// The studio's HTTP interface. Every answer is JSON; every error is an ApiError whose message can be shown as it is.
import { signal } from "@preact/signals";
import { t } from "./i18n.js";

// True once the server no longer knows this browser: only the program can let it in again.
export const signedOut = signal(false);

export class ApiError extends Error {
  constructor(message, { status = 0, type = "", param = null, code = null, retryAfter = null } = {}) {
    super(message);
    Object.assign(this, { name: "ApiError", status, type, param, code, retryAfter });
  }
}

function errorOf(status, body, retryAfter) {
  if (status === 401) signedOut.value = true;
  let said = null;
  try {
    said = JSON.parse(body).error;
  } catch {
    // Not ours: from a proxy in between.
  }
  const seconds = Number(retryAfter) || null;
  if (!said) return new ApiError(t("error.status", { status }), { status, retryAfter: seconds });
  return new ApiError(said.message, { ...said, status, retryAfter: seconds });
}

async function ask(method, path, { body, signal: aborting } = {}) {
  const options = { method, signal: aborting, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  let text;
  try {
    answer = await fetch(path, options);
    text = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(t("error.unreachable"));
  }
  if (!answer.ok) throw errorOf(answer.status, text, answer.headers.get("Retry-After"));
  return text ? JSON.parse(text) : null;
}

// get('/api/works', {query: {starred: true, before: undefined}}): what is undefined, null or '' is left out.
export function get(path, { query = {}, ...options } = {}) {
  const words = new URLSearchParams(
    Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== ""),
  ).toString();
  return ask("GET", words ? `${path}?${words}` : path, options);
}
export const post = (path, body = {}, options = {}) => ask("POST", path, { ...options, body });
export const patch = (path, body, options = {}) => ask("PATCH", path, { ...options, body });
export const remove = (path, options = {}) => ask("DELETE", path, options);

// Sends files and tells how far it is: onProgress({done, total}) in bytes. paths: names relative to the dropped folder,
// one a file. upload: the id of an upload to add to. Returns {id, files}.
// By XMLHttpRequest, since fetch does not tell how much of a body is sent.
export function upload(files, { paths, upload: id, onProgress, signal: aborting } = {}) {
  const form = new FormData();
  if (id) form.append("upload", id);
  files.forEach((file, index) => {
    form.append("files", file, file.name || "picture.png");
    form.append("paths", paths?.[index] ?? (file.webkitRelativePath || file.name || "picture.png"));
  });
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/uploads");
    request.setRequestHeader("Accept", "application/json");
    if (onProgress) {
      request.upload.onprogress = (event) => onProgress({ done: event.loaded, total: event.total });
    }
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(errorOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(new ApiError(t("error.unreachable")));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    aborting?.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
