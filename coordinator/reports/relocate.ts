/** The paths in blob events, made those of a folded blob (paths.ts). */
import type { EventAnnotation, EventConfig, EventError, EventLocation } from './blob-events.ts';
import type { BlobPaths } from './paths.ts';

export const relocate = (location: EventLocation, paths: BlobPaths): EventLocation => ({
  ...location,
  file: paths.relative(location.file),
});

export const relocateAnnotations = (annotations: EventAnnotation[], paths: BlobPaths): EventAnnotation[] =>
  annotations.map((annotation) =>
    annotation.location === undefined ? annotation : { ...annotation, location: relocate(annotation.location, paths) },
  );

/** Errors name files absolutely, unlike everything else. Messages and stacks stay as they were printed. */
export const relocateError = (error: EventError, paths: BlobPaths): EventError => ({
  ...error,
  location: error.location && { ...error.location, file: paths.absolute(error.location.file) },
  cause: error.cause && relocateError(error.cause, paths),
});

/** `webServer.env` often holds the whole environment of the machine, secrets included; no report shows it. */
export function relocateConfig(config: EventConfig, paths: BlobPaths): EventConfig {
  const { webServer, ...rest } = config;
  const absolute = (file: string | null | undefined): string | null => (file == null ? null : paths.absolute(file));
  return {
    ...rest,
    configFile: config.configFile && paths.relative(config.configFile),
    globalSetup: absolute(config.globalSetup),
    globalTeardown: absolute(config.globalTeardown),
    webServer:
      webServer == null ? null : Object.fromEntries(Object.entries(webServer).filter(([name]) => name !== 'env')),
  };
}
