import Foundation
import Programs
import Testing

/// The script that shows Kvytok at work, over programs that are there and do nothing.
struct DemoTests {
  /// Stands for both programs: what ends by itself does so at once, but for the import of the network.
  private static let stand = """
    #!/bin/bash
    word=$1
    while [ $# -gt 0 ]; do
      if [ "$1" = --data ]; then data=$2; fi
      shift
    done
    case $word in
      serve) echo token >"$data/admin-token" && echo "kvytok ready http://127.0.0.1:1 now" ;;
      acquirer) echo "acquirer ready http://127.0.0.1:1" ;;
      network) touch "$0.reached" ;;
      *) exit 0 ;;
    esac
    # A folder of a test that is over is gone.
    while [ -e "$0" ]; do sleep 0.1; done
    """

  /// Whether a process runs a program; of one that has ended and was not asked about nothing is told.
  private static func runs(_ processID: String) -> Bool {
    let words = try? String(contentsOfFile: "/proc/\(processID)/cmdline", encoding: .utf8)
    return words?.contains(".build/release/") ?? false
  }

  /// A signal ends the script between two commands that did well, or amid one.
  @Test(arguments: [SIGTERM, SIGHUP])
  func aDemoThatIsBrokenOffLeavesNothingRunning(_ signal: Int32) async throws {
    let folder = try TemporaryFolder.make("demo")
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = folder.appendingPathComponent("validator-sim/demo")
    let programs = folder.appendingPathComponent(".build/release")
    for made in [script.deletingLastPathComponent(), programs] {
      try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
    }
    try FileManager.default.copyItem(
      at: Command.package.appendingPathComponent("validator-sim/demo"), to: script)
    for name in ["kvytok", "validator-sim"] {
      let program = programs.appendingPathComponent(name)
      try Self.stand.write(to: program, atomically: false, encoding: .utf8)
      #expect(chmod(program.path, 0o755) == 0)
    }
    let state = folder.appendingPathComponent("state")
    let demo = try await RunningProgram.start(
      URL(fileURLWithPath: "/bin/bash"), [script.path, "day"],
      environment: ["KVYTOK_DEMO_FOLDER": state.path, "TMPDIR": folder.path])
    let reached = programs.appendingPathComponent("kvytok.reached").path
    let isReached = try await eventually {
      FileManager.default.fileExists(atPath: reached) ? true : nil
    }
    #expect(isReached == true)
    let files = ["service", "acquirer"].map { state.appendingPathComponent("\($0).pid") }
    let processIDs = try files.map {
      try String(contentsOf: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    }
    #expect(processIDs.allSatisfy(Self.runs))
    demo.signal(signal)
    #expect(await demo.end().exitCode == -1)
    #expect(!processIDs.contains(where: Self.runs))
    #expect(!files.contains { FileManager.default.fileExists(atPath: $0.path) })
  }
}
