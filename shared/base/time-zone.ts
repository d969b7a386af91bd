/** Days and hours of a time zone, by its IANA name, daylight saving time included. */

/** Whether the runtime knows `name`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
