import ArgumentParser
import Basics
import Foundation
import Tariff

extension TariffCommand {
  struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "explain",
      abstract: "Shows how fares come about, ride by ride and rule by rule.",
      discussion: """
        Of a worked case of the tariff, or of the riders of a table of taps as in `tariff price`.
        • a rule that was applied   ◦ a rule that was not, and why
        """)

    @Argument(help: "The tariff's folder.")
    var path: String

    @Option(name: .customLong("case"), help: "Name of the worked case, or of one in the taps.")
    var caseName: String?

    @Option(help: ArgumentHelp("Taps to explain, a CSV.", valueName: "file"))
    var taps: String?

    @OptionGroup var beside: TapTableOptions

    func validate() throws {
      guard caseName != nil || taps != nil else {
        throw ValidationError("Name a worked case with --case, or taps with --taps.")
      }
    }

    func run() async throws {
      let text = try taps.map(explainTable) ?? explainCase(caseName ?? "")
      print(text, terminator: "")
    }

    private func explainTable(_ taps: String) throws -> String {
      let book = try TariffFolder.book(path)
      do {
        let text = try PriceTable.explanation(
          taps: try TapTableOptions.bytes(of: taps), case: caseName, book: book,
          beside: try beside.supplements(besides: taps), language: beside.language, file: taps)
        guard !text.isEmpty else {
          throw CommandFault(
            "\(taps) has no case \(caseName ?? "at all").", exitCode: CommandFault.no)
        }
        return text
      } catch let fault as TariffFault {
        throw CommandFault("\(fault)", exitCode: CommandFault.no)
      }
    }

    private func explainCase(_ name: String) throws -> String {
      _ = try TariffFolder.book(path)
      let source = try TariffFolder.read(path)
      guard let text = source.explain(name, in: beside.language) else {
        let names = source.caseNames.map { "\n  \($0)" }.joined()
        throw CommandFault(
          "\(path) has no worked case \"\(name)\". "
            + (names.isEmpty ? "It has none." : "It has:\(names)"),
          exitCode: CommandFault.no)
      }
      return text
    }
  }
}
