-- Folder that files of tests are named below, from the suite's folder: with it a test's line is found in the repository. NULL: not known.
ALTER TABLE runs ADD COLUMN tests_dir TEXT;
