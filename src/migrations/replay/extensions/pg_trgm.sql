-- The functions of pg_trgm 1.6 that its manual lists; those behind its operators and indexes are left out.
create function extensions.set_limit(real) returns real language c volatile strict as '$libdir/pg_trgm', 'set_limit';
create function extensions.show_limit() returns real language c stable strict as '$libdir/pg_trgm', 'show_limit';
create function extensions.show_trgm(text) returns text[] language c immutable strict as '$libdir/pg_trgm', 'show_trgm';
create function extensions.similarity(text, text) returns real language c immutable strict as '$libdir/pg_trgm', 'similarity';
create function extensions.word_similarity(text, text) returns real language c immutable strict as '$libdir/pg_trgm', 'word_similarity';
create function extensions.strict_word_similarity(text, text) returns real language c immutable strict as '$libdir/pg_trgm', 'strict_word_similarity';
