"""Parts that tests share: services as processes, virtual hosts, clients, and faulty input."""
