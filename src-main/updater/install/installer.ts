/** What differs between packages: how a checked one is put in the place of this program. */
import type { PackageFormat } from '../../../shared/protocol/update.ts';

export interface CheckedPackage {
  /** Absolute; its bytes were compared with the signed hash just now. */
  file: string;
  version: string;
  size: number;
  /** In base64. */
  sha512: string;
}

export interface Installer {
  /** Which package of a manifest it installs. */
  readonly format: PackageFormat;
  /** Why nothing can be installed here, and what the owner can do; null: it can. */
  readonly cannot: string | null;
  /** Resolves when it is installed, or will be as soon as this program ends; rejects with what went wrong, and nothing is changed then. */
  install(checked: CheckedPackage): Promise<void>;
  /** The package that this program runs from, where the system keeps it as a file; null: it does not. */
  ownPackage(): Promise<string | null>;
}
