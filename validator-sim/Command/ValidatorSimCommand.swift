import ArgumentParser
import ServiceClient

/// A world to test with: an invented city, its riders, vehicles and validators.
@main
struct ValidatorSimCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validator-sim",
    abstract: "A world to test with: an invented city, riders, vehicles, validators.",
    subcommands: [
      CityCommand.self, DayCommand.self, RigaCommand.self, StandCommand.self, AcquirerCommand.self,
    ])

  static func main() async { await runAsProgram() }
}
