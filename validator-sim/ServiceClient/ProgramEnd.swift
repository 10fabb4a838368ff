package import ArgumentParser
import Foundation

/// Why a program ends without having done what was asked, and what to do.
package struct ProgramFault: Error, CustomStringConvertible {
  package let description: String
  /// What the shell sees: 1 the answer is no, 2 usage, 3 could not run.
  package let exitCode: Int32

  /// Could not run.
  package init(_ description: String) {
    self.description = description
    exitCode = 3
  }

  /// Was told something that cannot be.
  package static func usage(_ description: String) -> ProgramFault {
    ProgramFault(description: description, exitCode: 2)
  }

  private init(description: String, exitCode: Int32) {
    self.description = description
    self.exitCode = exitCode
  }
}

extension AsyncParsableCommand {
  /// Runs the command that the arguments name, and ends the program with its code.
  package static func runAsProgram() async -> Never {
    do {
      var command = try parseAsRoot()
      if var runnable = command as? any AsyncParsableCommand {
        try await runnable.run()
      } else {
        try command.run()
      }
    } catch {
      Foundation.exit(end(of: error))
    }
    Foundation.exit(0)
  }

  /// Says what failed, and gives the code that the shell shall see.
  private static func end(of error: any Error) -> Int32 {
    switch error {
    case let code as ExitCode: return code.rawValue
    case let fault as ProgramFault:
      ProgressBar.write("\(_commandName): \(fault)\n")
      return fault.exitCode
    default: break
    }
    switch exitCode(for: error) {
    case .success:
      print(fullMessage(for: error))
      return 0
    case .validationFailure:
      ProgressBar.write(fullMessage(for: error) + "\n")
      return 2
    default:
      ProgressBar.write("\(_commandName): \(error)\n")
      return 3
    }
  }
}
