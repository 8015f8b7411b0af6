# shellcheck shell=sh disable=SC2154  # the readings' own settings stand in A_*
# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What is asked of the databases that run, each through its own client over its own socket, read only. Follows
# probes.sh. Of a password only how it is kept; settings by name, since some hold one.

# Processes of that program in this system itself, not in a container on it. By their numbers' namespace: that of
# mounts is another for many a service of systemd, too.
processes_of() {
    # shellcheck disable=SC2012
    ls -l /proc/[0-9]*/exe 2>/dev/null | sed -n "s#.* /proc/\([0-9]*\)/exe -> .*/\($1\)\( (deleted)\)*\$#\1#p" |
        while read -r process; do
            [ "$(readlink "/proc/$process/ns/pid")" = "$(readlink /proc/$$/ns/pid)" ] && echo "$process"
        done
}

pg_sql() {
    PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout=60s -c lock_timeout=2s' PGCONNECT_TIMEOUT=5 \
        PGAPPNAME=server_assess PGCLIENTENCODING=UTF8 \
        run_as "$pg_owner" "$pg_psql" -X -A -t -q -v ON_ERROR_STOP=1 -h "$pg_socket" -p "$pg_port" -d "$1"
}

# pg_rows DATABASE KIND QUERY: a line of JSON for each row, so that the columns may differ between releases.
pg_rows() {
    if [ "$pg_at_once" = 1 ]; then
        pg_batch="$pg_batch SELECT '$2' || chr(9) || row_to_json(t) FROM ($3) t;"
        return 0
    fi
    if pg_said=$(printf "SELECT row_to_json(t) FROM (%s) t;\n" "$3" | pg_sql "$1" 2>/dev/null); then
        [ -z "$pg_said" ] || printf '%s\n' "$pg_said" | sed "s/^/$2	/"
    else
        # Asked again for the complaint alone: a mere warning must not stand between the rows.
        pg_said=$(printf "SELECT row_to_json(t) FROM (%s) t;\n" "$3" | pg_sql "$1" 2>&1 >/dev/null)
        printf 'unknown\t%s\t%s\n' "$2" "$(printf '%s' "$pg_said" | tr '\n\t' '  ')"
    fi
}

# pg_ask DATABASE QUESTIONS: all in one session; where one cannot be answered each by itself, so that it is known which.
pg_ask() {
    pg_at_once=1 pg_batch=
    "$2" "$1"
    pg_at_once=0
    if pg_said=$(printf '%s\n' "$pg_batch" | pg_sql "$1" 2>/dev/null); then
        printf '%s\n' "$pg_said" | sed '/^$/d'
    else
        "$2" "$1"
    fi
}

pg_cluster() {
    pg_lsn=pg_current_wal_lsn
    [ "$pg_version" -ge 100000 ] || pg_lsn=pg_current_xlog_location
    pg_rows postgres settings "SELECT name, setting, unit FROM pg_settings WHERE name IN ('wal_level',
        'max_slot_wal_keep_size', 'max_replication_slots', 'max_wal_senders', 'max_prepared_transactions', 'ssl',
        'ssl_cert_file', 'password_encryption', 'listen_addresses', 'port', 'max_connections', 'shared_buffers',
        'TimeZone', 'lc_collate', 'data_checksums', 'archive_mode', 'fsync', 'full_page_writes',
        'synchronous_commit', 'session_preload_libraries', 'shared_preload_libraries', 'max_worker_processes',
        'max_logical_replication_workers', 'unix_socket_directories', 'server_encoding', 'hot_standby')"
    pg_rows postgres changed_settings "SELECT name, source FROM pg_settings
        WHERE source NOT IN ('default', 'override', 'client', 'session', 'environment variable')"
    pg_rows postgres role_settings "SELECT coalesce(r.rolname, '') AS role, coalesce(d.datname, '') AS database,
        split_part(c, '=', 1) AS name FROM pg_db_role_setting s CROSS JOIN unnest(setconfig) c
        LEFT JOIN pg_roles r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase"
    pg_rows postgres databases "SELECT d.datname AS name, pg_database_size(d.oid) AS bytes,
        pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate, d.datctype AS ctype,
        row_to_json(d)->>'datlocprovider' AS provider, row_to_json(d)->>'datcollversion' AS collation_version,
        d.datallowconn AS connects, pg_get_userbyid(d.datdba) AS owner FROM pg_database d WHERE NOT datistemplate"
    pg_rows postgres roles "SELECT rolname AS name, rolsuper AS super, rolcanlogin AS login,
        rolreplication AS replication, rolvaliduntil AS until,
        CASE WHEN rolpassword IS NULL THEN 'none' WHEN rolpassword = '' THEN 'empty'
            WHEN rolpassword LIKE 'SCRAM-SHA-256\$%' THEN 'scram'
            WHEN rolpassword ~ '^md5[0-9a-f]{32}\$' THEN 'md5' ELSE 'other' END AS password
        FROM pg_authid WHERE rolname !~ '^pg_'"
    pg_rows postgres prepared "SELECT gid, prepared, owner, database FROM pg_prepared_xacts"
    pg_rows postgres slots "SELECT * FROM pg_replication_slots"
    pg_rows postgres standbys "SELECT application_name, client_addr, state, sync_state FROM pg_stat_replication"
    pg_rows postgres state "SELECT pg_is_in_recovery() AS in_recovery, version() AS version"
    pg_rows postgres tablespaces "SELECT spcname AS name, pg_tablespace_location(oid) AS location,
        pg_tablespace_size(oid) AS bytes FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')"
    [ "$pg_version" -lt 100000 ] || pg_rows postgres hba "SELECT type, database, user_name, address, auth_method
        FROM pg_hba_file_rules WHERE auth_method IS NOT NULL"
    [ "$pg_version" -lt 100000 ] || pg_rows postgres subscriptions "SELECT s.subname AS name, s.subenabled AS enabled,
        d.datname AS database FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
    pg_rows postgres wal "SELECT extract(epoch FROM clock_timestamp()) AS at, ($pg_lsn() - '0/0') AS position
        WHERE NOT pg_is_in_recovery()"
    if [ "$pg_at_once" = 1 ]; then pg_batch="$pg_batch SELECT pg_sleep($A_SAMPLE);"; else sleep "$A_SAMPLE"; fi
    pg_rows postgres wal "SELECT extract(epoch FROM clock_timestamp()) AS at, ($pg_lsn() - '0/0') AS position
        WHERE NOT pg_is_in_recovery()"
}

pg_database() {
    pg_user="n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"
    pg_rows "$1" extensions "SELECT extname AS name, extversion AS version FROM pg_extension"
    pg_rows "$1" languages "SELECT lanname AS name FROM pg_language WHERE lanname NOT IN ('internal', 'c', 'sql', 'plpgsql')"
    pg_rows "$1" without_key "SELECT n.nspname AS schema, c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
        c.relreplident AS identity FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'p' AND $pg_user
        AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        AND c.relreplident NOT IN ('f', 'i') AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')"
    pg_rows "$1" unlogged "SELECT n.nspname AS schema, c.relname AS name, pg_total_relation_size(c.oid) AS bytes
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence = 'u' AND $pg_user"
    pg_rows "$1" replica_triggers "SELECT n.nspname AS schema, c.relname || '.' || t.tgname AS name FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT t.tgisinternal AND t.tgenabled IN ('A', 'R') AND $pg_user"
    pg_rows "$1" text_partitions "SELECT n.nspname AS schema, c.relname AS name FROM pg_partitioned_table p
        JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.partstrat = 'r'
        AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (p.partattrs) AND a.attcollation <> 0)"
    pg_rows "$1" removed_types "SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, t.typname AS type
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid WHERE c.relkind = 'r' AND t.typname IN ('abstime', 'reltime', 'tinterval') AND $pg_user"
    pg_rows "$1" with_oids "SELECT n.nspname AS schema, c.relname AS name FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND row_to_json(c)->>'relhasoids' = 'true' AND $pg_user"
    pg_rows "$1" text_indexes "SELECT count(*) AS n FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE $pg_user
        AND EXISTS (SELECT 1 FROM unnest(i.indcollation::oid[]) o WHERE o NOT IN (0, 950, 951))"
    pg_rows "$1" foreign_servers "SELECT s.srvname AS name, w.fdwname AS wrapper FROM pg_foreign_server s
        JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"
    pg_rows "$1" event_triggers "SELECT evtname AS name, evtevent AS event FROM pg_event_trigger"
    [ "$pg_version" -lt 100000 ] || pg_rows "$1" publications "SELECT pubname AS name FROM pg_publication"
    pg_rows "$1" large_objects "SELECT count(*) AS n, pg_total_relation_size('pg_catalog.pg_largeobject') AS bytes FROM pg_largeobject_metadata"
    pg_rows "$1" kinds "SELECT c.relkind AS kind, count(*) AS n, sum(c.relpages::bigint * 8192) AS bytes FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE $pg_user GROUP BY 1"
    pg_rows "$1" counts "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal) AS triggers,
        (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE $pg_user) AS functions,
        (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND $pg_user) AS definers,
        (SELECT count(*) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND $pg_user) AS rules"
}

probe_postgresql() {
    pg_any=0
    for process in $(processes_of 'postgres\|postmaster'); do
        pg_data=$(readlink "/proc/$process/cwd") || { echo "unreadable	$process"; continue; }
        # Each backend has that directory, the server alone is named in its file.
        [ "$(sed -n 1p "$pg_data/postmaster.pid" 2>/dev/null)" = "$process" ] || continue
        pg_port=$(sed -n 4p "$pg_data/postmaster.pid")
        pg_socket=$(sed -n 5p "$pg_data/postmaster.pid")
        pg_owner=$(awk -v uid="$(awk '/^Uid:/ { print $2 }' "/proc/$process/status")" -F: '$3 == uid { print $1; exit }' /etc/passwd)
        pg_psql=$(readlink "/proc/$process/exe" | sed 's# (deleted)##; s#/[^/]*$#/psql#')
        [ -x "$pg_psql" ] || pg_psql=psql
        pg_any=1
        printf 'cluster\t%s\n' "$pg_data"
        # Said by the server, since the client may be of another release.
        if pg_version=$(echo 'SHOW server_version_num' | pg_sql postgres 2>/dev/null); then
            printf 'version\t%s\n' "$pg_version"
        else
            pg_version=$(echo 'SHOW server_version_num' | pg_sql postgres 2>&1 >/dev/null)
            printf 'unknown\tcluster\t%s\n' "$(printf '%s' "$pg_version" | tr '\n\t' '  ')"
            continue
        fi
        pg_ask postgres pg_cluster
        echo "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1" | pg_sql postgres |
            while IFS= read -r pg_name; do
                printf 'database\t%s\n' "$pg_name"
                pg_ask "$pg_name" pg_database
            done
    done
    [ "$pg_any" = 1 ] || echo none
}

my_sql() {
    if [ -n "$my_defaults" ]; then
        bounded 60 "$my_client" "--defaults-file=$my_defaults" --socket="$my_socket" --connect-timeout=5 --default-character-set=utf8 -B -N "$@"
    else
        bounded 60 "$my_client" --no-defaults -u root --socket="$my_socket" --connect-timeout=5 --default-character-set=utf8 -B -N "$@"
    fi
}

# my_rows KIND QUERY
my_rows() {
    if my_said=$(printf '%s;\n' "$2" | my_sql 2>/dev/null); then
        [ -z "$my_said" ] || printf '%s\n' "$my_said" | sed "s/^/$1	/"
    else
        my_said=$(printf '%s;\n' "$2" | my_sql 2>&1 >/dev/null)
        printf 'unknown\t%s\t%s\n' "$1" "$(printf '%s' "$my_said" | tr '\n\t' '  ')"
    fi
}

my_instance() {
    my_own="NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"
    my_rows variable "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'version_comment', 'log_bin', 'binlog_format',
        'binlog_row_image', 'server_id', 'gtid_strict_mode', 'gtid_domain_id', 'expire_logs_days', 'binlog_expire_logs_seconds',
        'character_set_server', 'collation_server', 'sql_mode', 'time_zone', 'system_time_zone', 'have_ssl', 'lower_case_table_names',
        'event_scheduler', 'datadir', 'port', 'bind_address', 'skip_networking', 'innodb_file_per_table', 'read_only', 'max_connections',
        'innodb_flush_log_at_trx_commit', 'sync_binlog', 'character_set_collations', 'old_passwords', 'innodb_page_size',
        'log_slave_updates', 'lower_case_file_system')"
    my_rows schema "SELECT s.SCHEMA_NAME, s.DEFAULT_CHARACTER_SET_NAME, s.DEFAULT_COLLATION_NAME,
        COALESCE((SELECT SUM(t.DATA_LENGTH + t.INDEX_LENGTH) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME), 0),
        (SELECT COUNT(*) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME)
        FROM information_schema.SCHEMATA s WHERE s.SCHEMA_NAME $my_own"
    my_rows engine "SELECT TABLE_SCHEMA, COALESCE(ENGINE, 'none'), COUNT(*), COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0)
        FROM information_schema.TABLES WHERE TABLE_SCHEMA $my_own AND TABLE_TYPE <> 'VIEW' GROUP BY 1, 2"
    my_rows versioned "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'SYSTEM VERSIONED'"
    my_rows other_engine "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA $my_own
        AND TABLE_TYPE <> 'VIEW' AND ENGINE <> 'InnoDB' LIMIT 500"
    my_rows without_key "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_ROWS FROM information_schema.TABLES t
        LEFT JOIN information_schema.STATISTICS s ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND s.INDEX_NAME = 'PRIMARY'
        WHERE t.TABLE_SCHEMA $my_own AND t.TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') AND s.INDEX_NAME IS NULL LIMIT 500"
    my_rows float_without_key "SELECT DISTINCT c.TABLE_SCHEMA, c.TABLE_NAME FROM information_schema.COLUMNS c
        JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
        LEFT JOIN information_schema.STATISTICS s ON s.TABLE_SCHEMA = c.TABLE_SCHEMA AND s.TABLE_NAME = c.TABLE_NAME AND s.INDEX_NAME = 'PRIMARY'
        WHERE c.TABLE_SCHEMA $my_own AND c.DATA_TYPE = 'float' AND t.TABLE_TYPE <> 'VIEW' AND s.INDEX_NAME IS NULL LIMIT 500"
    my_rows collation "SELECT TABLE_SCHEMA, CHARACTER_SET_NAME, COLLATION_NAME, COUNT(*) FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA $my_own AND COLLATION_NAME IS NOT NULL GROUP BY 1, 2, 3"
    my_rows unique_key "SELECT s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME, s.COLUMN_NAME, COALESCE(s.SUB_PART, 0),
        COALESCE(c.COLLATION_NAME, ''), COALESCE(t.TABLE_ROWS, 0) FROM information_schema.STATISTICS s
        JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
        JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME
        WHERE s.NON_UNIQUE = 0 AND s.TABLE_SCHEMA $my_own ORDER BY 1, 2, 3, s.SEQ_IN_INDEX"
    my_rows trigger "SELECT TRIGGER_SCHEMA, TRIGGER_NAME, DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA $my_own"
    my_rows view "SELECT TABLE_SCHEMA, TABLE_NAME, DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA $my_own"
    my_rows routine "SELECT ROUTINE_SCHEMA, ROUTINE_NAME, DEFINER FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA $my_own"
    my_rows event "SELECT EVENT_SCHEMA, EVENT_NAME, DEFINER, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA $my_own"
    my_rows user "SELECT User, Host, plugin, CASE WHEN plugin NOT IN ('', 'mysql_native_password', 'mysql_old_password') THEN plugin
        WHEN Password = '' AND authentication_string = '' THEN 'empty'
        WHEN LENGTH(Password) = 16 THEN 'mysql_old_password' WHEN Password LIKE '*%' OR authentication_string LIKE '*%' THEN 'mysql_native_password'
        ELSE 'unusable' END FROM mysql.user"
    my_rows plugin "SELECT PLUGIN_NAME, PLUGIN_TYPE, PLUGIN_LIBRARY FROM information_schema.PLUGINS WHERE PLUGIN_LIBRARY IS NOT NULL AND PLUGIN_STATUS = 'ACTIVE'"
    my_rows xa "XA RECOVER"
    my_rows dump "SELECT HOST FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"
    # A connection with a name of its own is told by the first alone, which MySQL does not know.
    { echo "SHOW ALL SLAVES STATUS\\G" | my_sql --column-names 2>/dev/null ||
        echo "SHOW SLAVE STATUS\\G" | my_sql --column-names 2>&1; } | sed 's/^/replica	/' | grep -E '	 *(Master_Host|Slave_IO_Running|Slave_SQL_Running):|	ERROR'
    my_rows written "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_os_log_written', 'Uptime', 'Questions')"
    sleep "$A_SAMPLE"
    my_rows written "SHOW GLOBAL STATUS WHERE Variable_name IN ('Innodb_os_log_written', 'Uptime', 'Questions')"
    my_collisions
}

# Unique keys that collide under the target's default collation: only where this server has it, and tables are small.
my_collisions() {
    case $(echo "SELECT COUNT(*) FROM information_schema.COLLATIONS WHERE COLLATION_NAME IN ('uca1400_ai_ci', 'utf8mb4_uca1400_ai_ci')" | my_sql 2>/dev/null) in
        '' | 0) return 0 ;;
    esac
    my_name="REPLACE(s.TABLE_SCHEMA, '\`', '\`\`'), '\`.\`', REPLACE(s.TABLE_NAME, '\`', '\`\`')"
    my_column="CONCAT('\`', REPLACE(s.COLUMN_NAME, '\`', '\`\`'), '\`')"
    my_cut="IF(s.SUB_PART IS NULL, $my_column, CONCAT('LEFT(', $my_column, ',', s.SUB_PART, ')'))"
    printf '%s\n' "SET SESSION group_concat_max_len = 100000; SELECT CONCAT('SELECT ', QUOTE(s.TABLE_SCHEMA), ',', QUOTE(s.TABLE_NAME), ',',
        QUOTE(s.INDEX_NAME), ', COUNT(*) FROM (SELECT 1 FROM \`', $my_name, '\` WHERE ', GROUP_CONCAT($my_column, ' IS NOT NULL' SEPARATOR ' AND '),
        ' GROUP BY ', GROUP_CONCAT(IF(c.COLLATION_NAME IS NULL OR c.COLLATION_NAME LIKE '%bin', $my_cut,
            CONCAT('CONVERT(', $my_cut, ' USING utf8mb4) COLLATE utf8mb4_uca1400_ai_ci'))), ' HAVING COUNT(*) > 1 LIMIT 1000) x;')
        FROM information_schema.STATISTICS s
        JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
        JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = s.TABLE_SCHEMA AND t.TABLE_NAME = s.TABLE_NAME
        WHERE s.NON_UNIQUE = 0 AND s.TABLE_SCHEMA $my_own AND t.TABLE_ROWS <= 200000
        GROUP BY s.TABLE_SCHEMA, s.TABLE_NAME, s.INDEX_NAME
        HAVING SUM(c.COLLATION_NAME IS NOT NULL AND c.COLLATION_NAME NOT LIKE '%bin' AND c.COLLATION_NAME NOT LIKE '%uca1400%') > 0" |
        my_sql --raw | my_sql --force 2>/dev/null | sed 's/^/collision	/'
}

probe_mariadb() {
    my_any=0
    for process in $(processes_of 'mariadbd\|mysqld'); do
        my_any=1
        my_client=mariadb
        have mariadb || my_client=mysql
        have "$my_client" || { no "the server runs, and neither mariadb nor mysql is there to ask it"; return 1; }
        # The socket that this very process listens on.
        # shellcheck disable=SC2012
        my_socket=$(ls -l "/proc/$process/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\].*/\1/p' |
            awk 'NR == FNR { own[$1] = 1; next } $4 == "00010000" && ($7 in own) && $8 ~ /^\// { print $8; exit }' - /proc/net/unix)
        printf 'instance\t%s\n' "$(readlink "/proc/$process/cwd")"
        my_defaults=
        if ! my_said=$(echo 'SELECT VERSION()' | my_sql 2>&1); then
            # Older Debian has a user of its own for this; the client reads the file, nobody else.
            [ ! -r /etc/mysql/debian.cnf ] || my_defaults=/etc/mysql/debian.cnf
            if [ -z "$my_defaults" ] || ! my_said=$(echo 'SELECT VERSION()' | my_sql 2>&1); then
                printf 'unknown\tinstance\t%s\n' "$(printf '%s' "$my_said" | tr '\n\t' '  ')"
                continue
            fi
        fi
        my_instance
        # Of options the names alone: some hold a password.
        my_print_defaults --mysqld 2>/dev/null | sed 's/^--/option	/; s/=.*//'
    done
    [ "$my_any" = 1 ] || echo none
}
