/** Gives the user a file that was made here. */
export function download(name: string, type: string, parts: BlobPart[]): void {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has begun to save it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** One JSON text per line, as programs like to read lists. */
export const jsonLines = (items: readonly unknown[]): string[] => items.map((item) => `${JSON.stringify(item)}\n`);
