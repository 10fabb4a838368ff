import Testing
import Wallet

@Suite struct MoneyChannelTests {
  /// At the desk for debts a transfer was always `transfer`: one word at both.
  @Test func aTransferHasTheWordThatDesksSayAndTheOneOfTheTables() {
    #expect(MoneyChannel(told: "transfer") == .bank)
    for channel in MoneyChannel.allCases {
      #expect(MoneyChannel(told: channel.rawValue) == channel)
    }
    #expect(MoneyChannel(told: "card") == nil)
    // What is stored has one word alone.
    #expect(MoneyChannel(rawValue: "transfer") == nil)
  }
}
