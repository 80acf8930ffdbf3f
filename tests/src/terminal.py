# Starts the client on a pseudo-terminal: wait(text), then(text), key(bytes), size(rows, columns), rest(), status().
import fcntl, os, pty, select, struct, sys, termios, time

pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
reached = 0


def size(rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def key(keys):
    os.write(fd, keys)


def more(limit):
    global seen
    if not select.select([fd], [], [], limit)[0]:
        return None
    try:
        part = os.read(fd, 65536)
    except OSError:
        part = b""
    seen = (seen + part)[-400000:]
    return bool(part)


def wait(text, limit=60, start=0):
    global reached
    end = time.time() + limit
    while text not in seen[start:]:
        if time.time() > end or more(1) is False:
            sys.exit("not seen: %r in %r" % (text, seen[start:][-3000:]))
    reached = seen.index(text, start) + len(text)


# The same behind what was waited for last.
def then(text, limit=60):
    wait(text, limit, reached)


def forget():
    global seen, reached
    seen, reached = b"", 0


def rest(limit=60):
    end = time.time() + limit
    while more(1) is not False:
        if time.time() > end:
            sys.exit("still running after %r" % seen[-3000:])
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(seen.decode(errors="replace"))
    sys.stdout.write("\nexit status %d\n" % os.waitstatus_to_exitcode(status))


size(24, 80)
