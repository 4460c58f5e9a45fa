-- Settings that sessions of a role start with, in this database or in all; those for other databases are not read.
select s.setrole as role,
       s.setdatabase <> 0 as this_database,
       s.setconfig as config
from pg_catalog.pg_db_role_setting s
where s.setdatabase = 0
   or s.setdatabase = (select d.oid from pg_catalog.pg_database d where d.datname = current_database())
