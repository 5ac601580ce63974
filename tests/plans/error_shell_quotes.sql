\set a 1
\shell echo "x :a y"
