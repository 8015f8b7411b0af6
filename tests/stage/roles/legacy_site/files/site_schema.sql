-- The enterprises' site as it was found: grown since 2009, by several hands.
-- No strict mode, as its configuration says; three bytes a character, as it was usual then.
CREATE DATABASE anjian DEFAULT CHARACTER SET utf8 COLLATE utf8_general_ci;
USE anjian;

CREATE TABLE enterprises (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT,
  name VARCHAR(120) NOT NULL,
  licence CHAR(18) NULL,
  region CHAR(6) NOT NULL DEFAULT '450000',
  kind ENUM('矿山','危化','烟花爆竹','建筑','工贸') NOT NULL DEFAULT '工贸',
  flags SET('重点','停产','整改') NOT NULL DEFAULT '',
  founded DATE NOT NULL DEFAULT '0000-00-00',
  checked DATETIME NULL,
  capital DECIMAL(16,2) NULL,
  risk FLOAT NULL,
  score DOUBLE NULL,
  marks BIT(8) NOT NULL DEFAULT b'0',
  since YEAR NULL,
  position POINT NULL,
  extra LONGTEXT NULL CHECK (json_valid(extra)),
  memo TEXT NULL,
  initial CHAR(1) AS (left(name, 1)) PERSISTENT,
  changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  PRIMARY KEY (id),
  UNIQUE KEY by_name (name),
  KEY by_region (region, kind)
) ENGINE=InnoDB AUTO_INCREMENT=1001;

CREATE TABLE reports (
  report_id CHAR(36) NOT NULL,
  enterprise VARCHAR(120) NOT NULL,
  county VARCHAR(40) NULL,
  description TEXT NOT NULL,
  attachment VARCHAR(255) NULL,
  attempts INT NOT NULL DEFAULT 1,
  notified TINYINT(1) NOT NULL DEFAULT 0,
  received_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (report_id),
  KEY by_notified (notified)
) ENGINE=InnoDB;

CREATE TABLE inspections (
  id BIGINT NOT NULL AUTO_INCREMENT,
  enterprise_id INT UNSIGNED NOT NULL,
  done DATE NOT NULL,
  found TEXT NULL,
  photo MEDIUMBLOB NULL,
  fine DECIMAL(12,2) NOT NULL DEFAULT 0.00,
  PRIMARY KEY (id),
  KEY of_enterprise (enterprise_id, done),
  CONSTRAINT of_enterprise FOREIGN KEY (enterprise_id) REFERENCES enterprises (id)
) ENGINE=InnoDB ROW_FORMAT=COMPRESSED;

-- Without a key: rows may be there twice.
CREATE TABLE audit_log (
  at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  who VARCHAR(80) NULL,
  what VARCHAR(20) NULL,
  report_id CHAR(36) NULL
) ENGINE=InnoDB;

CREATE TABLE page_hits (
  page VARCHAR(120) NOT NULL,
  day DATE NOT NULL DEFAULT '0000-00-00',
  hits INT NOT NULL DEFAULT 0,
  PRIMARY KEY (page, day),
  FULLTEXT KEY words (page)
) ENGINE=MyISAM;

-- UTF-8 that was written through a connection of latin1, and real latin1 beside it.
CREATE TABLE old_links (
  id INT NOT NULL AUTO_INCREMENT,
  title VARCHAR(200) NOT NULL,
  url VARCHAR(255) CHARACTER SET ascii NOT NULL DEFAULT '',
  PRIMARY KEY (id)
) ENGINE=MyISAM DEFAULT CHARACTER SET latin1;

CREATE TABLE comments (
  id INT NOT NULL AUTO_INCREMENT,
  report_id CHAR(36) NULL,
  body VARCHAR(500) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE visits (
  id BIGINT NOT NULL,
  day DATE NOT NULL,
  agent VARBINARY(80) NULL,
  PRIMARY KEY (id, day)
) ENGINE=InnoDB PARTITION BY RANGE (year(day))
  (PARTITION p2018 VALUES LESS THAN (2019), PARTITION p2019 VALUES LESS THAN (2020), PARTITION rest VALUES LESS THAN MAXVALUE);

CREATE TABLE event_log (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at DATETIME NOT NULL,
  host VARCHAR(80) NOT NULL
) ENGINE=InnoDB;

CREATE SEQUENCE licence_number START WITH 450200001 INCREMENT BY 1 CACHE 20;

CREATE SQL SECURITY DEFINER VIEW v_open AS
  SELECT enterprise, count(*) AS reports, max(received_at) AS newest FROM reports GROUP BY enterprise;

DELIMITER //
CREATE FUNCTION region_of(code CHAR(6)) RETURNS VARCHAR(20) CHARSET utf8 DETERMINISTIC
  RETURN CASE left(code, 4) WHEN '4502' THEN '柳州' WHEN '4503' THEN '桂林' ELSE '其他' END//
CREATE TRIGGER reports_audited AFTER INSERT ON reports FOR EACH ROW
  INSERT INTO audit_log (who, what, report_id) VALUES (current_user(), 'insert', NEW.report_id)//
CREATE TRIGGER enterprises_trimmed BEFORE INSERT ON enterprises FOR EACH ROW
  SET NEW.licence = nullif(NEW.licence, '')//
-- Whoever runs it twice at once, on two servers, is found out.
CREATE EVENT heartbeat ON SCHEDULE EVERY 10 SECOND DO
  INSERT INTO event_log (at, host) VALUES (now(), @@hostname)//
CREATE EVENT old_hits ON SCHEDULE EVERY 1 DAY STARTS '2015-01-01 03:00:00' DO
  DELETE FROM page_hits WHERE day < '2012-01-01' AND day > '0000-00-00'//
DELIMITER ;

CREATE ROLE auditors;
GRANT SELECT ON anjian.* TO auditors;
CREATE USER report_reader@'%' IDENTIFIED BY 'reader-2012';
GRANT auditors TO report_reader@'%';
SET DEFAULT ROLE auditors FOR report_reader@'%';
GRANT SELECT (report_id, enterprise, received_at), UPDATE (notified) ON anjian.reports TO report_reader@'%';
CREATE USER backup@localhost IDENTIFIED VIA unix_socket;
GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER, RELOAD ON *.* TO backup@localhost;
