import ArgumentParser
import Foundation

/// The command: a tree of sub-commands, and what their ends mean to the shell.
@main
struct Kvytok: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kvytok",
    abstract: "The back office of a city's e-ticket and fleet.",
    discussion: """
      `kvytok serve` runs the service; the other commands work on its database: that of --data \
      DIR (its private PostgreSQL, which is started for the time of the command when the service \
      does not run), or that of --database-url.
      Exit: 0 done, 1 the answer is no, 2 usage, 3 could not run.
      """,
    version: "0.2.0",
    subcommands: [
      ServeCommand.self, MigrateCommand.self, RestoredCommand.self, DoctorCommand.self,
      NetworkCommand.self,
      TariffCommand.self, DeviceCommand.self, QuarantineCommand.self, DenyListCommand.self,
      EvidenceCommand.self, TokenCommand.self, RiderCommand.self, WalletCommand.self,
      ProductCommand.self, ReportCommand.self, LedgerCommand.self, RateCommand.self,
      TapsCommand.self, LoadCommand.self, OriginDestinationCommand.self, StopsCommand.self,
      ExportCommand.self, ChargeCommand.self, AcquirerCommand.self, DebtCommand.self,
      OrderCommand.self, OperatorCommand.self, SubsidyCommand.self, BankCommand.self,
      CertificateCommand.self,
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var runnable = command as? any AsyncParsableCommand {
        try await runnable.run()
      } else {
        try command.run()
      }
    } catch {
      Foundation.exit(Kvytok.end(of: error))
    }
  }

  /// The first number below zero that was not read as one, which is what a fault may come from.
  ///
  /// Behind `--`, and behind an option that the fault does not name, it was read, as was one that it finds invalid.
  private static func unreadNumber(_ fault: String) -> String? {
    let arguments = Array(CommandLine.arguments.prefix { $0 != "--" })
    return zip(arguments, arguments.dropFirst()).first { before, argument in
      isBelowZero(argument) && !fault.contains("The value '\(argument)' is invalid")
        && (!before.hasPrefix("--") || fault.contains(before) || fault.contains(argument))
    }?.1
  }

  /// Whether an argument is a number that the reader of arguments takes for an option.
  private static func isBelowZero(_ argument: String) -> Bool {
    argument.hasPrefix("-") && argument.dropFirst().first?.isNumber == true
      && Double(argument) != nil
  }

  /// Says what failed, and gives the code that the shell shall see.
  private static func end(of error: any Error) -> Int32 {
    switch error {
    case let code as ExitCode: return code.rawValue
    case let fault as CommandFault:
      Progress.say("kvytok: \(fault.description)")
      return fault.exitCode
    default: break
    }
    let code = exitCode(for: error)
    switch code {
    case .success:
      print(fullMessage(for: error))
      return 0
    case .validationFailure:
      Progress.say(fullMessage(for: error))
      if let number = unreadNumber(message(for: error)) {
        Progress.say(
          "\(number) begins as an option does, and is not read as a number: where one below zero is meant, "
            + "write --option=\(number), or -- \(number) at the end where it stands without an option."
        )
      }
      return CommandFault.usage
    default:
      Progress.say("kvytok: \(error)")
      return CommandFault.couldNotRun
    }
  }
}

/// Why a command ends without having done what was asked.
struct CommandFault: Error, CustomStringConvertible {
  /// The answer is no.
  static let no: Int32 = 1
  /// The command was written wrongly.
  static let usage: Int32 = 2
  /// Something that is needed is not there, or does not work.
  static let couldNotRun: Int32 = 3

  /// What was wrong, and what to do.
  let description: String
  let exitCode: Int32

  /// Could not run: what was wrong, and what to do.
  init(_ description: String, exitCode: Int32 = CommandFault.couldNotRun) {
    self.description = description
    self.exitCode = exitCode
  }
}
