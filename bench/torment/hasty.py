"""``tongxin`` with a supervisor that waits at most half a second before it starts a dead child again.

It doubles its wait with each death; a schedule kills several times within two seconds, and a thousand schedules would spend
most of their hour waiting for that. Nothing else of it is changed.
"""

from tongxin.host import supervisor

supervisor.LONGEST_DELAY = 0.5

if __name__ == "__main__":
    from tongxin.host.cli import main

    main()
