^(?<level>\w+) (?<message>.*)$
