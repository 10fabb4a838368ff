-- Taps are counted by state without looking at each tap that is paid: what is open is looked for instead.
drop view tap_unrated;
drop view tap_billing;
