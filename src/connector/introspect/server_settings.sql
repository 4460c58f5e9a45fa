-- Values that a session like ours starts with (`reset_val`): `setting` would show what this transaction set.
-- Rows of settings that we may not see are absent.
select s.name, s.reset_val as value
from pg_catalog.pg_settings s
where s.name in (
    'row_security',                  -- off: queries that row security would filter fail instead
    'lo_compat_privileges',          -- on: large objects have no access control
    'session_replication_role',      -- replica: triggers and referential actions do not run
    'search_path',                   -- where names in functions without a search_path of their own are looked up
    'default_transaction_read_only', -- on: writes need an explicit READ WRITE
    'createrole_self_grant',         -- memberships that CREATEROLE gives itself in the roles that it makes (16)
    'password_encryption',           -- md5 hashes are as good as the password to whoever sees one
    'ssl',                           -- off: credentials and rows travel in the clear
    'log_statement',                 -- the log shows values that row security hides, and passwords in ALTER ROLE
    'shared_preload_libraries',      -- code that may change every rule: sepgsql, supautils, pgaudit, ...
    'session_preload_libraries'      -- likewise
)
