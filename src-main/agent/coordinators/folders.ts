/** Where a worker's data folder holds what belongs to one coordinator. */
import path from 'node:path';

/** Of the one that has the data folder itself; others have a folder each, named by their id. */
export const FIRST = 'first';

export const folderOf = (root: string, id: string): string =>
  id === FIRST ? root : path.join(root, 'coordinators', id);

export const keyFileIn = (folder: string): string => path.join(folder, 'key.json');
