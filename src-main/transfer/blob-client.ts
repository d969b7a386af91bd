/** The coordinator's blob store as the CLI and the agent use it. Every transfer is verified at both ends and tried again where that can help. */
import type { Frame } from '../../shared/protocol/blobs.ts';

/** Bytes to upload, read anew at each try. */
export interface BlobSource {
  sha256: string;
  /** Bytes. */
  size: number;
  open(): AsyncIterable<Uint8Array>;
}

export interface BlobRef {
  sha256: string;
  /** Bytes. */
  size: number;
}

export interface BlobClient {
  /** Which of these the store lacks; any number of hashes. */
  missing(hashes: readonly string[], signal?: AbortSignal): Promise<Set<string>>;
  /** Stores one blob. Throws BlobChanged when the source no longer matches its hash. */
  put(blob: BlobSource, signal?: AbortSignal): Promise<void>;
  /** Stores small blobs in one request; each within MAX_BATCHED_BLOB_BYTES, together within MAX_BATCH_BLOBS and MAX_BATCH_BYTES. */
  putBatch(blobs: readonly Frame[], signal?: AbortSignal): Promise<void>;
  /** Writes one verified blob to `file`, which appears only when whole. */
  download(blob: BlobRef, file: string, signal?: AbortSignal): Promise<void>;
  /** One verified blob in memory; refused when it is larger than `maxBytes`. */
  read(sha256: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Hands over small blobs, at most MAX_BATCH_BLOBS, verified, in any order; `accept` is awaited before the next. */
  readBatch(blobs: readonly BlobRef[], accept: (blob: Frame) => Promise<void>, signal?: AbortSignal): Promise<void>;
}

/** A transfer that failed for good, or too often. The message says what to do. */
export class TransferError extends Error {
  /** HTTP status, when there was an answer. */
  readonly status: number | null;
  constructor(message: string, status: number | null, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The source's bytes are not those that were hashed: the file changed in between. */
export class BlobChanged extends Error {
  readonly sha256: string;
  constructor(sha256: string) {
    super(`the bytes of ${sha256} changed while they were uploaded`);
    this.sha256 = sha256;
  }
}
