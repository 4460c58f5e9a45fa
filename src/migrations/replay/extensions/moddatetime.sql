-- The function of moddatetime 1.0.
create function extensions.moddatetime() returns trigger language c as '$libdir/moddatetime', 'moddatetime';
