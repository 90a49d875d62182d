// Browser storage: "tab" values last as long as the tab (sessionStorage), "local" values are shared by
// all tabs and survive closing the browser (localStorage). A browser may refuse storage, for example in a
// private window; reading then gives null and writing does nothing.
const orNull = <T>(action: () => T): T | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

export const readTab = (key: string) => orNull(() => sessionStorage.getItem(key));
// A value that was written as JSON; null also where the text is not JSON.
export const readTabJson = (key: string): unknown => orNull(() => JSON.parse(readTab(key) ?? "null"));
export const writeTab = (key: string, value: string) => orNull(() => sessionStorage.setItem(key, value));

export const readLocal = (key: string) => orNull(() => localStorage.getItem(key));
// `value` null removes the key.
export const writeLocal = (key: string, value: string | null) =>
  orNull(() => (value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value)));
