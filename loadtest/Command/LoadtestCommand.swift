import ArgumentParser
import ServiceClient

/// Benchmarks of a running service, each with the ceiling it is measured against.
@main
struct LoadtestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loadtest",
    abstract: "Loads a service and measures it.",
    discussion: "Starts a service and a database of its own unless given --url.",
    subcommands: [TapsCommand.self])

  static func main() async { await runAsProgram() }
}
