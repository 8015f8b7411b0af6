-- The accident-report system (事故上报) as it was found, in the database accident.
CREATE EXTENSION pg_trgm;
CREATE EXTENSION hstore;
CREATE EXTENSION "uuid-ossp";
CREATE EXTENSION btree_gist;
CREATE EXTENSION lo;

CREATE ROLE accident_owner NOLOGIN;
CREATE ROLE accident_read NOLOGIN;
CREATE ROLE "安监局" LOGIN CONNECTION LIMIT 5 VALID UNTIL '2030-01-01' PASSWORD 'anjianju-2013' IN ROLE accident_read;
CREATE ROLE dba_zhang LOGIN SUPERUSER PASSWORD 'zhang-2013';
ALTER ROLE accident_app SET statement_timeout = '30s';
GRANT accident_owner TO accident_app;
ALTER DATABASE accident SET timezone = 'Asia/Shanghai';
ALTER DATABASE accident SET search_path = accident, public;
SET timezone = 'Asia/Shanghai';

CREATE SCHEMA accident AUTHORIZATION accident_owner;
GRANT USAGE ON SCHEMA accident TO accident_read;
SET ROLE accident_owner;
SET search_path = accident, public;
ALTER DEFAULT PRIVILEGES IN SCHEMA accident GRANT SELECT ON TABLES TO accident_read;

CREATE TYPE grade AS ENUM ('一般', '较大', '重大', '特别重大');
CREATE TYPE place AS (city text, county text);
CREATE DOMAIN division AS char(6) CHECK (VALUE ~ '^45\d{4}$');

CREATE TABLE reports (
  id serial PRIMARY KEY,
  report_id uuid NOT NULL UNIQUE,
  enterprise text NOT NULL,
  county text,
  description text NOT NULL,
  attachment text,
  attempts integer NOT NULL DEFAULT 1,
  notified boolean NOT NULL DEFAULT false,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', description)) STORED
);
CREATE INDEX reports_search ON reports USING gin (search);
CREATE INDEX reports_like ON reports USING gin (enterprise gin_trgm_ops);

-- Sorted and kept unique by the rules of a language, which come from the C library.
CREATE TABLE enterprises (
  name text PRIMARY KEY,
  code division NOT NULL,
  parent text,
  home place,
  tags hstore,
  capital numeric,
  weight double precision,
  rating real,
  founded date,
  closed timestamp,
  seen timestamptz,
  hours interval,
  ports integer[],
  extra jsonb,
  plan xml,
  seal bytea,
  address inet
);
CREATE INDEX enterprises_parent ON enterprises (parent, name);

CREATE TABLE "事故" (
  "编号" bigint GENERATED ALWAYS AS IDENTITY (START WITH 20100001) PRIMARY KEY,
  "等级" grade NOT NULL,
  enterprise text NOT NULL,
  happened tstzrange NOT NULL,
  dead integer NOT NULL DEFAULT 0,
  EXCLUDE USING gist (enterprise WITH =, happened WITH &&)
);
CREATE SEQUENCE case_number AS integer START WITH 2147480000 INCREMENT BY 10 CACHE 5;

CREATE TABLE photos (
  id serial PRIMARY KEY,
  report_id uuid,
  title text,
  content lo
);
CREATE TRIGGER photos_unlink BEFORE UPDATE OR DELETE ON photos FOR EACH ROW EXECUTE FUNCTION lo_manage(content);

CREATE TABLE access_log (at timestamptz NOT NULL, who text, path text);
CREATE UNLOGGED TABLE sessions (token text PRIMARY KEY, data jsonb);
CREATE TABLE measures (id integer NOT NULL, at date NOT NULL, value double precision) PARTITION BY RANGE (at);
CREATE TABLE measures_2013 PARTITION OF measures FOR VALUES FROM ('2013-01-01') TO ('2014-01-01');
CREATE TABLE measures_rest PARTITION OF measures DEFAULT;
CREATE TABLE people (id serial PRIMARY KEY, name text);
CREATE TABLE injured (severity grade) INHERITS (people);

CREATE TABLE follow_ups (
  id integer PRIMARY KEY,
  report integer NOT NULL,
  done date,
  note varchar(40)
);

CREATE TABLE audit (report_id uuid, who name DEFAULT session_user, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO accident.audit (report_id) VALUES (NEW.report_id);
  RETURN NEW;
END $$;
CREATE TRIGGER reports_audited AFTER INSERT ON reports FOR EACH ROW EXECUTE FUNCTION audited();
CREATE VIEW by_county AS SELECT county, count(*) AS reports FROM reports GROUP BY county;
CREATE MATERIALIZED VIEW by_month AS
  SELECT date_trunc('month', received_at) AS month, count(*) AS reports FROM reports GROUP BY 1;
CREATE RULE no_delete AS ON DELETE TO "事故" DO INSTEAD NOTHING;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY adults ON people FOR SELECT TO accident_read USING (name IS NOT NULL);
ALTER TABLE access_log REPLICA IDENTITY FULL;
RESET ROLE;
