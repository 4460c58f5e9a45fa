-- The database that holds the project.
alter database postgres owner to postgres;
grant all on database postgres to postgres, dashboard_user;
