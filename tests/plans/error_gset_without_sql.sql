\sleep 1
\gset
