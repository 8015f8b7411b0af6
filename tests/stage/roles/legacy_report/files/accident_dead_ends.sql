-- What PostgreSQL 17 no longer has: an extension, an operator behind its operand, an aggregate over the old array_append.
CREATE EXTENSION adminpack;
SET ROLE accident_owner;
CREATE FUNCTION accident.percent(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 100';
CREATE OPERATOR accident.% (LEFTARG = numeric, PROCEDURE = accident.percent);
CREATE AGGREGATE accident.array_accum (anyelement) (SFUNC = array_append, STYPE = anyarray, INITCOND = '{}');
RESET ROLE;
