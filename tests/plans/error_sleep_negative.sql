\sleep -1
