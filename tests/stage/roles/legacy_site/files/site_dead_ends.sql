-- What the target no longer takes as it is.
USE anjian;
CREATE USER 'zhang.wei'@'10.1.14.%' IDENTIFIED BY 'zhang-2011';
GRANT ALL ON anjian.* TO 'zhang.wei'@'10.1.14.%';
CREATE DEFINER='zhang.wei'@'10.1.14.%' SQL SECURITY DEFINER VIEW v_fines AS
  SELECT enterprise_id, sum(fine) AS fines FROM inspections GROUP BY enterprise_id;
DELIMITER //
CREATE DEFINER='zhang.wei'@'10.1.14.%' PROCEDURE month_end(IN month CHAR(7))
  SELECT region_of(region) AS place, count(*) FROM enterprises WHERE checked LIKE concat(month, '%') GROUP BY 1//
CREATE DEFINER='zhang.wei'@'10.1.14.%' EVENT month_end ON SCHEDULE EVERY 1 MONTH STARTS '2015-02-01 00:10:00' DISABLE DO
  CALL month_end('2015-01')//
DELIMITER ;
-- He left in 2016. What he defined stayed.
DROP USER 'zhang.wei'@'10.1.14.%';
-- A password of before MySQL 4.1, and a user without a name.
CREATE USER old_export@'%' IDENTIFIED VIA mysql_old_password USING '6f8c114b58f2ce9e';
GRANT SELECT ON anjian.enterprises TO old_export@'%';
CREATE USER ''@localhost;
