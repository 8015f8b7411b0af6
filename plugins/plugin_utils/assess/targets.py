# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a target is, as far as it matters to what moves there.

Package names were looked up in the archives of Debian 11, 12 and 13 in November 2026; options of the
databases were given to PostgreSQL 13, 15 and 17 and to MariaDB 10.5, 10.11 and 11.8 themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What Debian 12 has no more, and what takes its place.
_GONE_IN_12: Mapping[str, str] = {
    "python2": "python3; the application has to be ported, or to move in a container of its old system",
    "python2.7": "python3; the application has to be ported, or to move in a container of its old system",
    "libpython2.7": "libpython3.11",
    "python-is-python2": "python-is-python3, after porting",
    "libapache2-mod-wsgi": "libapache2-mod-wsgi-py3, after porting",
    "uwsgi-plugin-python": "uwsgi-plugin-python3, after porting",
    "openjdk-8-jre": "openjdk-17-jre; or a vendor's build of 8",
    "openjdk-8-jre-headless": "openjdk-17-jre-headless; or a vendor's build of 8",
    "openjdk-11-jre": "openjdk-17-jre",
    "openjdk-11-jre-headless": "openjdk-17-jre-headless",
    "tomcat8": "tomcat10; applications for the javax packages have to be converted",
    "tomcat9": "tomcat10; applications for the javax packages have to be converted",
    "libssl1.1": "libssl3; programs linked with 1.1 have to be built again",
    "libssl1.0.0": "libssl3; programs linked with 1.0 have to be built again",
    "libmariadbclient18": "libmariadb3",
    "mysql-server-5.7": "mariadb-server; compare sql_mode and JSON columns",
    "mongodb-server": "the vendor's packages",
    "mailman": "mailman3",
    "mcelog": "rasdaemon",
    "nagios3": "nagios4",
    "quagga": "frr",
    "racoon": "strongswan",
    "portmap": "rpcbind",
    "salt-minion": "the vendor's packages",
    "denyhosts": "fail2ban",
}
#: What Debian 13 has no more besides.
_GONE_IN_13: Mapping[str, str] = {
    "ntp": "ntpsec or chrony",
    "ntpdate": "ntpsec-ntpdate or chrony",
    "openjdk-17-jre": "openjdk-21-jre",
    "openjdk-17-jre-headless": "openjdk-21-jre-headless",
    "proftpd-basic": "proftpd-core",
    "rsh-server": "openssh-server",
    "libapache2-mod-python": "libapache2-mod-wsgi-py3, after porting",
    "mydumper": "mariadb-dump --dir of MariaDB 11.6 and later",
    "python3-distutils": "python3-setuptools",
    "libpcre3": "libpcre2-8-0; programs linked with it have to be built again",
    "php-imap": "nothing in the archive: PECL, or another library",
    "libnss-ldap": "libnss-ldapd or sssd",
    "libpam-ldap": "libpam-ldapd or sssd",
    "guacd": "the vendor's packages",
    "mlocate": "plocate",
    "hddtemp": "smartmontools",
    "policykit-1": "polkitd and pkexec",
}
#: Options that end the start of MariaDB ('unknown variable'), seen with 10.11.
_REFUSED_10_11 = _words(
    """innodb_mutexes innodb_sys_datafiles innodb_sys_semaphore_waits wsrep_replicate_myisam
    wsrep_strict_ddl innodb_checksums innodb_support_xa storage_engine have_openssl log_slow_queries
    innodb_additional_mem_pool_size innodb_use_sys_malloc engine_condition_pushdown tx_isolation"""
)
#: Seen with 11.8 besides.
_REFUSED_11_8 = _words(
    """debug_no_thread_alarm innodb_change_buffer_max_size max_tmp_tables old_alter_table"""
)
#: Options that MariaDB takes and ignores, with a warning.
_IGNORED = _words(
    """innodb_adaptive_max_sleep_delay innodb_buffer_pool_instances innodb_commit_concurrency
    innodb_concurrency_tickets innodb_file_format innodb_force_load_corrupted innodb_large_prefix
    innodb_lock_schedule_algorithm innodb_log_checksums innodb_log_compressed_pages
    innodb_log_files_in_group innodb_log_optimize_ddl innodb_lru_flush_size innodb_page_cleaners
    innodb_purge_rseg_truncate_frequency innodb_replication_delay innodb_scrub_log
    innodb_scrub_log_speed innodb_sync_array_size innodb_thread_concurrency innodb_thread_sleep_delay
    innodb_undo_logs innodb_locks_unsafe_for_binlog thread_concurrency multi_range_count timed_mutexes
    skip_bdb max_long_data_size innodb_stats_sample_pages"""
)
#: Settings that PostgreSQL knows no more ('unrecognized configuration parameter'), and what to take then.
_PG_GONE_IN_15: Mapping[str, str] = {
    "operator_precedence_warning": "nothing",
    "stats_temp_directory": "nothing, statistics are in shared memory",
    "vacuum_cleanup_index_scale_factor": "nothing",
    "wal_keep_segments": "wal_keep_size",
    "checkpoint_segments": "max_wal_size",
    "default_with_oids": "nothing",
    "replacement_sort_tuples": "nothing",
    "sql_inheritance": "nothing",
}
_PG_GONE_IN_17: Mapping[str, str] = {
    **_PG_GONE_IN_15,
    "db_user_namespace": "nothing",
    "force_parallel_mode": "debug_parallel_query",
    "old_snapshot_threshold": "nothing",
    "promote_trigger_file": "pg_promote()",
    "trace_recovery_messages": "nothing",
    "vacuum_defer_cleanup_age": "hot_standby_feedback",
}
#: What PostgreSQL's own packages of Debian bring; 17 has no more what stands in ``_EXTENSIONS_GONE``.
_EXTENSIONS = _words(
    """adminpack amcheck autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn
    earthdistance file_fdw fuzzystrmatch hstore insert_username intagg intarray isn lo ltree moddatetime
    old_snapshot pageinspect pg_buffercache pg_freespacemap pg_prewarm pg_stat_statements pg_surgery
    pg_trgm pg_visibility pg_walinspect pgcrypto pgrowlocks pgstattuple plpgsql postgres_fdw refint seg
    sslinfo tablefunc tcn tsm_system_rows tsm_system_time unaccent uuid-ossp xml2"""
)
_EXTENSIONS_GONE_IN_17 = frozenset({"adminpack", "old_snapshot"})
#: Extensions in packages of their own, by the end of their name: postgresql-<version>-<end>.
EXTENSION_PACKAGES: Mapping[str, str] = {
    "postgis": "postgis-3",
    "postgis_topology": "postgis-3",
    "pgaudit": "pgaudit",
    "pglogical": "pglogical",
    "pg_cron": "cron",
    "pg_partman": "partman",
    "pg_repack": "repack",
    "hypopg": "hypopg",
    "ip4r": "ip4r",
    "orafce": "orafce",
    "pgrouting": "pgrouting",
    "rum": "rum",
    "vector": "pgvector",
    "hll": "hll",
    "mysql_fdw": "mysql-fdw",
    "tds_fdw": "tds-fdw",
}
LANGUAGE_PACKAGES: Mapping[str, str] = {
    "plperl": "postgresql-plperl",
    "plperlu": "postgresql-plperl",
    "plpython3u": "postgresql-plpython3",
    "pltcl": "postgresql-pltcl",
    "pltclu": "postgresql-pltcl",
}


@dataclass(frozen=True)
class Target:
    """A system that servers move to."""

    name: str
    libc: str
    postgresql: int
    mariadb: str
    #: The default collation of utf8mb4 of its MariaDB.
    collation: str
    php: str
    python: str
    gone: Mapping[str, str]
    options_refused: frozenset[str]
    options_ignored: frozenset[str]
    settings_gone: Mapping[str, str]
    extensions: frozenset[str]
    #: Engines that MariaDB's packages of this system have.
    engines: frozenset[str] = _words(
        """InnoDB MyISAM Aria MEMORY CSV MRG_MyISAM ARCHIVE BLACKHOLE FEDERATED SEQUENCE none"""
    )
    #: The next free numbers given out by adduser --system.
    system_ids: tuple[int, int] = (100, 999)
    mandatory_access: str = "AppArmor"


TARGETS: Mapping[str, Target] = {
    "debian-12": Target(
        name="debian-12",
        libc="2.36",
        postgresql=15,
        mariadb="10.11",
        collation="utf8mb4_general_ci",
        php="8.2",
        python="3.11",
        gone=_GONE_IN_12,
        options_refused=_REFUSED_10_11,
        options_ignored=_IGNORED,
        settings_gone=_PG_GONE_IN_15,
        extensions=_EXTENSIONS,
    ),
    "debian-13": Target(
        name="debian-13",
        libc="2.41",
        postgresql=17,
        mariadb="11.8",
        collation="utf8mb4_uca1400_ai_ci",
        php="8.4",
        python="3.13",
        gone={**_GONE_IN_12, **_GONE_IN_13},
        options_refused=_REFUSED_10_11 | _REFUSED_11_8,
        options_ignored=_IGNORED
        | _words(
            """date_format datetime_format time_format innodb_change_buffering innodb_defragment
    innodb_defragment_fill_factor innodb_defragment_fill_factor_n_recs innodb_defragment_frequency
    innodb_defragment_n_pages innodb_defragment_stats_accuracy wsrep_causal_reads
    wsrep_load_data_splitting"""
        ),
        settings_gone=_PG_GONE_IN_17,
        extensions=_EXTENSIONS - _EXTENSIONS_GONE_IN_17,
    ),
}
