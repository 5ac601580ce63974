\include include/circle.sql
