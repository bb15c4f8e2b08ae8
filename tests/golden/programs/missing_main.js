var nothing = 1;
