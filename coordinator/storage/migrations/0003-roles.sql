-- What an api token may do. Tokens from before there were roles could do everything, and go on so; the other kinds have no role.
ALTER TABLE tokens ADD COLUMN role TEXT CHECK (role IN ('viewer', 'runner', 'maintainer', 'admin'));
UPDATE tokens SET role = 'admin' WHERE kind = 'api';
