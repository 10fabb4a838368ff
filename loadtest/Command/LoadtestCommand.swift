import ArgumentParser
import ServiceClient

/// Benchmarks, each with the ceiling it is measured against where there is one.
@main
struct LoadtestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loadtest",
    abstract: "Loads a service and measures it.",
    discussion:
      "A benchmark that needs a service starts one with a database of its own unless given --url.",
    subcommands: [
      TapsCommand.self, PeerCommand.self, SettleCommand.self, TariffCommand.self,
      ReportsCommand.self, SignaturesCommand.self, NetworkCommand.self,
      PositionsCommand.self, RidershipCommand.self,
    ])

  static func main() async { await runAsProgram() }
}
