# Read by your login shells, after /etc/profile.
