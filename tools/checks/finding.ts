/** A file of the repository as a check sees it. */
export interface RepositoryFile {
  /** Relative to the repository, with slashes: `provider/model/errors.ts`. */
  readonly path: string;
  readonly text: string;
}

/** What a check found, and whether it fails the run. */
export interface Finding {
  readonly where: string;
  readonly what: string;
  readonly fails: boolean;
}

/** The whole repository, for checks that look at more than one file. */
export interface Repository {
  readonly root: string;
  readonly files: readonly RepositoryFile[];
}
