import yauzl from 'yauzl';

/** The blob's path if it is there as a whole zip; null where it is missing or was cut off while being written. */
export async function wholeBlob(file: string): Promise<string | null> {
  return new Promise((resolve) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      zip?.close();
      resolve(error ? null : file);
    });
  });
}
