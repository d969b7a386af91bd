/**
 * What is shown of a page (filters, sorting, the chosen tab) as parameters in the address, so that a link, a reload and the back button
 * bring it back. Values are texts; one that is as its default is left out.
 */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';

/** Each parameter with its default. Declare it outside the component. */
export type ViewDefaults = Readonly<Record<string, string>>;
export type ViewState<D extends ViewDefaults> = { readonly [K in keyof D]: string };

export function readView<D extends ViewDefaults>(search: Readonly<Record<string, unknown>>, defaults: D): ViewState<D> {
  const entries = Object.entries(defaults).map(([key, preset]) => {
    const value = search[key];
    return [key, typeof value === 'string' ? value : preset];
  });
  return Object.fromEntries(entries) as ViewState<D>;
}

export function writeView<D extends ViewDefaults>(
  search: Readonly<Record<string, unknown>>,
  defaults: D,
  change: Partial<ViewState<D>>,
): Record<string, unknown> {
  const next: Record<string, unknown> = { ...search, ...change };
  for (const [key, preset] of Object.entries(defaults)) if (next[key] === preset) delete next[key];
  return next;
}

/** The state, and how to change some of it. Each change takes the place of the last in the history: typing makes no steps to go back. */
export function useViewState<D extends ViewDefaults>(
  defaults: D,
): [ViewState<D>, (change: Partial<ViewState<D>>) => void] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => readView(search, defaults), [search, defaults]);
  const change = useCallback(
    (part: Partial<ViewState<D>>) => {
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => writeView(before, defaults, part),
        replace: true,
        resetScroll: false,
      } as Parameters<typeof navigate>[0]);
    },
    [navigate, defaults],
  );
  return [state, change];
}
