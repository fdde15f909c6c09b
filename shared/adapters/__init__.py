"""What a process reaches outside its database and broker: keys, stored files, mail, PDF typesetting."""
