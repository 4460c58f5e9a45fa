CREATE TABLE app.newer (
    id integer CONSTRAINT newer_id_present NOT NULL,
    twice integer GENERATED ALWAYS AS ((id * 2)),
    late integer,
    valid_at daterange NOT NULL
);


ALTER TABLE ONLY app.newer
    ADD CONSTRAINT newer_key PRIMARY KEY (id);


ALTER TABLE app.newer
    ADD CONSTRAINT late_set NOT NULL late NOT VALID;


ALTER TABLE app.newer
    ADD CONSTRAINT positive CHECK ((id > 0)) NOT ENFORCED;


SELECT * FROM pg_catalog.pg_restore_relation_stats(
	'version', '180000'::integer,
	'schemaname', 'app',
	'relname', 'note',
	'relpages', '0'::integer,
	'reltuples', '-1'::real,
	'relallvisible', '0'::integer
);


SET default_tablespace = '';


ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON LARGE OBJECTS TO PUBLIC;


