-- Facts that the other queries depend on. No catalog is read: all of it works without any privilege.
-- $1 holds the names of the catalogs that the other queries read.
select current_setting('server_version_num') as version_num,
       current_setting('server_version') as version,
       current_user::text as current_user,
       current_setting('server_encoding') as encoding,
       current_database()::text as database,
       array(
           select name
           from unnest($1) as catalog(name)
           where case name
                     -- Everybody may read it but for the column that holds passwords.
                     when 'pg_subscription' then
                         not has_column_privilege(to_regclass('pg_catalog.' || name), 'subpublications', 'select')
                     else not has_table_privilege(to_regclass('pg_catalog.' || name), 'select')
                 end
       ) as unreadable
