/** Numbers that are only unique within their origin, kept apart in a database with several: numbers of runs, and fences of grants. */
import { SLOT_SIZE } from '../../../shared/model/run-label.ts';

export interface Slots {
  /** In this database; 0: its own, where nothing is moved. */
  here: number;
  /** Under which the origin numbered its runs itself. */
  there: number;
}

/** More grants than one coordinator ever makes. Slots are below 2^20, so that all stays below 2^53. */
const FENCES = 2 ** 32;

/** Fences of others are below zero: what this database gives out itself is not touched by them. Later ones stay larger. */
export const fenceHere = (fence: number, { here }: Slots): number => fence - here * FENCES;
export const fenceThere = (fence: number, { here }: Slots): number => fence + here * FENCES;
export const isFence = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) < FENCES;

export const numberHere = (number: number, { here, there }: Slots): number => number + (here - there) * SLOT_SIZE;
export const numberThere = (number: number, { here, there }: Slots): number => number - (here - there) * SLOT_SIZE;
/** Whether an origin may have given this number to a run. */
export const isNumber = (value: unknown, { there }: Slots): boolean =>
  Number.isInteger(value) && Number(value) > there * SLOT_SIZE && Number(value) < (there + 1) * SLOT_SIZE;
