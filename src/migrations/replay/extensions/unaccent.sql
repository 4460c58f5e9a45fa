-- The functions of unaccent 1.1, as its manual lists them.
create function extensions.unaccent(regdictionary, text) returns text language c stable strict as '$libdir/unaccent', 'unaccent_dict';
create function extensions.unaccent(text) returns text language c stable strict as '$libdir/unaccent', 'unaccent_dict';
