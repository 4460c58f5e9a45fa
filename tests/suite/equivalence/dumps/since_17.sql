--
-- PostgreSQL database dump
--

\restrict k1Q0pXo8GfI1n3cYb7Zt

-- Dumped from database version 17.6
-- Dumped by pg_dump version 17.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: SCHEMA; Schema: -; Owner: postgres
--

CREATE SCHEMA app;


ALTER SCHEMA app OWNER TO postgres;

CREATE TYPE app.mood AS ENUM (
    'sad',
    'ok'
);


ALTER TYPE app.mood OWNER TO postgres;

--
-- Name: own(integer); Type: FUNCTION; Schema: app; Owner: postgres
--

CREATE FUNCTION app.own(n integer) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO ''
    AS $_$
begin
    return exists (select from app.note where owner = $1);
end $_$;


ALTER FUNCTION app.own(n integer) OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: note; Type: TABLE; Schema: app; Owner: postgres
--

CREATE TABLE app.note (
    id bigint NOT NULL,
    owner integer NOT NULL,
    mood app.mood DEFAULT 'ok'::app.mood,
    body text,
    words integer GENERATED ALWAYS AS (length(body)) STORED
);

ALTER TABLE ONLY app.note FORCE ROW LEVEL SECURITY;


ALTER TABLE app.note OWNER TO postgres;

ALTER TABLE app.note ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME app.note_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


CREATE TABLE app.log (
    at date NOT NULL,
    what text
)
PARTITION BY RANGE (at);


CREATE TABLE app.log_2025 (
    at date NOT NULL,
    what text
);


CREATE VIEW app.happy WITH (security_invoker='true') AS
 SELECT id,
    owner
   FROM app.note
  WHERE (mood = 'ok'::app.mood);


ALTER VIEW app.happy OWNER TO postgres;

ALTER TABLE ONLY app.log ATTACH PARTITION app.log_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');


-- more
--
-- Data for Name: note; Type: TABLE DATA; Schema: app; Owner: postgres
--

COPY app.note (id, owner, mood, body) FROM stdin;
1	1	ok	a; drop table app.note;
2	2	\N	\\. is no end
\.


SELECT pg_catalog.setval('app.note_id_seq', 2, true);


SELECT pg_catalog.lo_create('4242');


ALTER LARGE OBJECT 4242 OWNER TO postgres;

BEGIN;

SELECT pg_catalog.lo_open('4242', 131072);
SELECT pg_catalog.lowrite(0, '\x6869');
SELECT pg_catalog.lo_close(0);

COMMIT;

ALTER TABLE ONLY app.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (id);


CREATE INDEX note_owner ON app.note USING btree (owner);


ALTER TABLE app.note ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON app.note FOR SELECT USING (app.own(owner));


CREATE PUBLICATION pub WITH (publish = 'insert, update, delete, truncate');


ALTER PUBLICATION pub OWNER TO postgres;

ALTER PUBLICATION pub ADD TABLE ONLY app.note;


GRANT USAGE ON SCHEMA app TO PUBLIC;


REVOKE ALL ON FUNCTION app.own(n integer) FROM PUBLIC;


GRANT SELECT,MAINTAIN ON TABLE app.note TO PUBLIC;


GRANT SELECT ON LARGE OBJECT 4242 TO PUBLIC;


ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;


--
-- PostgreSQL database dump complete
--

\unrestrict k1Q0pXo8GfI1n3cYb7Zt

