#![no_main]

kalends_libfuzzer::target!(itip_mail);
