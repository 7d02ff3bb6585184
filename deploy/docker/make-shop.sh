#!/bin/sh
# Run once by the PostgreSQL image: the shop's database with the table that mappings/customers.yaml needs.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres --command 'CREATE DATABASE shop'
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname shop --file /docker-entrypoint-initdb.d/customers.sql.shop
