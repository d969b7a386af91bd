-- A worker that waits for approval gets no work. `allow_projects`: JSON list of the projects that its owner lets run; NULL = all.
ALTER TABLE workers ADD COLUMN approved INTEGER NOT NULL DEFAULT 1 CHECK (approved IN (0, 1));
ALTER TABLE workers ADD COLUMN allow_projects TEXT;
