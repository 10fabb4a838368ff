import EventLoop
import Glibc
import Synchronization
import Testing

/// Blocks the calling thread.
func sleepMilliseconds(_ milliseconds: UInt32) { usleep(milliseconds * 1_000) }

/// Notes of callbacks, in order.
private final class Notes: Sendable {
  private let notes = Mutex<[String]>([])
  var all: [String] { notes.withLock { $0 } }
  func add(_ note: String) { notes.withLock { $0.append(note) } }

  /// Waits, within a bound, for a number of notes.
  func wait(for count: Int) async -> [String] {
    for _ in 0..<60_000 where all.count < count {
      try? await Task.sleep(for: .milliseconds(1))
    }
    return all
  }
}

/// Handles that a test made on a loop, kept until it ends.
private final class Kept: @unchecked Sendable {
  var watcher: SocketWatcher?
  var timers: [LoopTimer] = []
}

@Suite(.timeLimit(.minutes(60)))
struct HandleTests {
  @Test func timersFireInOrderAndNotBeforeTheirTime() async {
    let loop = EventLoop.start(name: "test")
    let notes = Notes()
    let kept = Kept()
    let start = loop.nowMilliseconds
    loop.call {
      for milliseconds: Int64 in [30, 10, 20] {
        let timer = LoopTimer(loop: loop) { event in
          let isEarly = loop.nowMilliseconds - start < milliseconds
          notes.add("\(milliseconds) \(event)\(isEarly ? " early" : "")")
        }
        timer?.start(afterMilliseconds: milliseconds)
        if let timer { kept.timers.append(timer) }
      }
      kept.timers[0].stop()
      kept.timers[0].start(afterMilliseconds: 40)
    }
    #expect(await notes.wait(for: 3) == ["10 fired", "20 fired", "30 fired"])
    await loop.shutdown()
  }

  @Test func aStoppedOrClosedTimerDoesNotFire() async {
    let loop = EventLoop.start(name: "test")
    let notes = Notes()
    loop.call {
      let stopped = LoopTimer(loop: loop) { notes.add("stopped \($0)") }
      stopped?.start(afterMilliseconds: 5)
      stopped?.stop()
      let closed = LoopTimer(loop: loop) { notes.add("closed \($0)") }
      closed?.start(afterMilliseconds: 5)
      closed?.close()
      let last = LoopTimer(loop: loop) { notes.add("last \($0)") }
      last?.start(afterMilliseconds: 30)
    }
    #expect(await notes.wait(for: 1) == ["last fired"])
    await loop.shutdown()
    // Whoever still lived is told of the end.
    #expect(Set(notes.all) == ["last fired", "stopped loopEnded", "last loopEnded"])
  }

  @Test func aSocketTellsWhenItCanBeReadAndWritten() async throws {
    var ends: [Int32] = [0, 0]
    // A child of another test would keep the other end open.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    #expect(socketpair(AF_UNIX, kind, 0, &ends) == 0)
    let (mine, other) = (ends[0], ends[1])
    let loop = EventLoop.start(name: "test")
    let notes = Notes()
    let kept = Kept()
    await loop.run {
      kept.watcher = SocketWatcher(loop: loop, socket: mine) { events in
        if events.contains(.loopEnded) { return notes.add("end") }
        if events.contains(.writable) { notes.add("writable") }
        if events.contains(.readable) {
          var byte: UInt8 = 0
          notes.add(read(mine, &byte, 1) == 1 ? "read \(byte)" : "closed")
        }
        kept.watcher?.watch(notes.all.last == "closed" ? [] : .readable)
      }
      kept.watcher?.watch([.readable, .writable])
    }
    #expect(await notes.wait(for: 1) == ["writable"])
    var byte: UInt8 = 42
    #expect(write(other, &byte, 1) == 1)
    #expect(await notes.wait(for: 2) == ["writable", "read 42"])
    close(other)
    #expect(await notes.wait(for: 3).last == "closed")
    await loop.shutdown()
    #expect(notes.all.last == "end")
    close(mine)
  }

  @Test func nothingNewBeginsOnALoopThatEnds() async {
    let loop = EventLoop.start(name: "test")
    await loop.shutdown()
    let isRefused = await loop.run {
      LoopTimer(loop: loop) { _ in } == nil
        && SocketWatcher(loop: loop, socket: 0) { _ in } == nil
    }
    #expect(isRefused)
    await #expect(throws: SpawnFault.self) {
      try await ChildProcess.start(
        "/bin/true", [], environment: [], outputFile: "/dev/null", on: loop)
    }
  }

  @Test func aChildTellsHowItEnded() async throws {
    let loop = EventLoop.start(name: "test")
    func run(_ script: String) async throws -> ChildProcess {
      try await ChildProcess.start(
        "/bin/sh", ["-c", script], environment: ["WORD=well"], outputFile: "/dev/null", on: loop)
    }
    let status = try await run("test \"$WORD\" = well && test \"$(pwd)\" = / && exit 7")
      .waitForExit()
    #expect(status == ExitStatus(code: 7, signal: 0))
    let killed = try await run("exec sleep 60")
    killed.send(signal: SIGTERM)
    let end = await killed.waitForExit()
    #expect(end.signal == SIGTERM && !end.isSuccess && !killed.isRunning)
    await #expect(throws: SpawnFault.self) {
      try await ChildProcess.start(
        "/nowhere", [], environment: [], outputFile: "/dev/null", on: loop)
    }
    await loop.shutdown()
  }

  /// A database that lives on would keep the other end of a pipe open, and its reader would wait for ever.
  @Test func aChildGetsNoneOfTheParentsFiles() async throws {
    let loop = EventLoop.start(name: "test")
    var ends: [Int32] = [-1, -1]
    #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    let child = try await ChildProcess.start(
      "/bin/sh", ["-c", "test ! -e /proc/self/fd/\(ends[1])"], environment: [],
      outputFile: "/dev/null", on: loop)
    #expect(await child.waitForExit().isSuccess)
    await loop.shutdown()
  }

  /// The program that a process runs, by the name of its file.
  private func nameOfProgram(of child: ChildProcess) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let file = open("/proc/\(child.processID)/comm", O_RDONLY)
    let count = read(file, &bytes, bytes.count)
    close(file)
    return String(decoding: bytes.prefix(max(0, count - 1)), as: UTF8.self)
  }

  private func takeText(of path: String) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let file = open(path, O_RDONLY)
    let count = read(file, &bytes, bytes.count)
    close(file)
    unlink(path)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  @Test func aChildsWordsGoToItsFile() async throws {
    let loop = EventLoop.start(name: "test")
    let path = "/tmp/kvytok-words-\(getpid())"
    let child = try await ChildProcess.start(
      "/bin/sh", ["-c", "echo out; echo err >&2"], environment: [], outputFile: path, on: loop)
    _ = await child.waitForExit()
    #expect(takeText(of: path) == "out\nerr\n")
    await loop.shutdown()
  }

  @Test func aChildHasAFolderAndAFileForErrorsWhenTheyAreNamed() async throws {
    let loop = EventLoop.start(name: "test")
    let path = "/tmp/kvytok-parts-\(getpid())"
    let child = try await ChildProcess.start(
      "/bin/sh", ["-c", "pwd; echo err >&2"], environment: [], folder: "/usr",
      outputFile: path + ".out", errorsFile: path + ".err", on: loop)
    #expect(await child.waitForExit().isSuccess)
    #expect(takeText(of: path + ".out") == "/usr\n")
    #expect(takeText(of: path + ".err") == "err\n")
    await #expect(throws: SpawnFault.self) {
      try await ChildProcess.start(
        "/bin/true", [], environment: [], outputFile: path, errorsFile: "/nowhere/err", on: loop)
    }
    unlink(path)
    await loop.shutdown()
  }

  @Test func aChildBoundToItsParentEndsWithTheLoop() async throws {
    let loop = EventLoop.start(name: "test")
    let child = try await ChildProcess.start(
      "/usr/bin/setpriv", ["--pdeathsig", "TERM", "/bin/sleep", "60"], environment: [],
      outputFile: "/dev/null", on: loop)
    // The signal is asked for by the child itself, so it must have come that far.
    for _ in 0..<60_000 where nameOfProgram(of: child) != "sleep" {
      try await Task.sleep(for: .milliseconds(1))
    }
    #expect(child.isRunning)
    await loop.shutdown()
    #expect(await child.waitForExit().signal == SIGTERM)
  }
}
