\sleep 5 min
